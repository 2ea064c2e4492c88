"""Journal: models, tools and functions whose answers are recorded and played back."""
