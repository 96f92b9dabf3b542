"""The local exchange: Binance, Bybit and OKX on this machine, with their own words, limits and bad days."""
