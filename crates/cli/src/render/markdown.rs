//! Markdown of a plan for pull requests and job summaries (plan-ux 7).
