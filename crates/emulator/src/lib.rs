//! A strict emulation of AWS Cloud Control and STS: schema-driven, asynchronous, adversarial.
