"""Prices and funding as live venues say them."""
