"""Short messages: protocol, templates, carriers. Imports nothing of app/."""
