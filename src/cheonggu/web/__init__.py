"""HTTP: the partner API, the payer's pages, the sandbox."""
