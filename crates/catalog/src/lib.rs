//! Embedded facts of all CloudFormation resource types.
