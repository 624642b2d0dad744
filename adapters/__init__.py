"""What an agency deploys: the contract, the connectors, the host process."""
