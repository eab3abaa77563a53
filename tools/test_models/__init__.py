"""The committed test models, by what they are for; see make_test_models.py."""
