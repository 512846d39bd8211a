//! Clients of the clouds: AWS Cloud Control and the HTTP transport seam.
