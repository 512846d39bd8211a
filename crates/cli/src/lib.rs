//! The command line of stack-deploy.
