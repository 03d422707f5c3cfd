"""The services. Each owns its data, rules, API and events; none imports another."""
