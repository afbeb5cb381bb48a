"""Presets: folders that hold a model, as model hubs have them."""
