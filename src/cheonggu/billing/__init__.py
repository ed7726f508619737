"""The verbs: each is one function, one transaction, and never touches the network."""
