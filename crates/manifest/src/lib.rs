//! Manifests of stack-deploy: YAML and Jinja templates to desired resources, with positions.
