"""The images that preprocessing is compared on, and their reference; see make_image_reference.py."""
