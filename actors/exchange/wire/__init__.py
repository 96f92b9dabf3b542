"""What the live venues say and are told, as pure translations: no I/O, no clock, no ccxt.

contract.py  what a dialect is, and the values that all three are translated to
buckets.py   limits, as a dialect tells them
binance/     spot and USD-M futures
bybit/       v5, unified account
okx/         v5, amounts of perps in contracts
"""
