"""What the probes of word order share: prefix trees, orders and what they certify."""
