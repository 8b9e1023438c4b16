"""Verbs that read whole files: assess, scan, sarcasm-report."""
