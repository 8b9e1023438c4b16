"""What the probes of whole files share: windows, cues, readings, shares with their intervals."""
