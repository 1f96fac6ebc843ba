"""The pages of the documentation site, and in `site/` what builds them."""
