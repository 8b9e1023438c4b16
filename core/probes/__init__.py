"""Questions asked of a trained model; each probe answers with frozen results and knows nothing of pages."""
