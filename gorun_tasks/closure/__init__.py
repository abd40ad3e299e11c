"""From go's own report to the complete list of inputs."""
