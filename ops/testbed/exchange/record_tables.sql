-- What a local exchange remembers. Money, prices and amounts are decimal text; amounts are in base units, also where the
-- venue counts contracts; times are milliseconds of the venue's clock. Rows of orders, balances, positions and moves are
-- replaced as they change; trades, bills, funding and requests are only ever added.
CREATE TABLE IF NOT EXISTS orders (
    venue TEXT NOT NULL,            -- binance, bybit, okx
    uid TEXT NOT NULL,              -- of the account
    product TEXT NOT NULL,          -- SPOT or PERP
    symbol TEXT NOT NULL,           -- the venue's own
    order_id TEXT NOT NULL,         -- the venue's; repeats across symbols on binance
    client_order_id TEXT NOT NULL,  -- empty without one; of several orders with one id all are here
    side TEXT NOT NULL,             -- BUY or SELL
    type TEXT NOT NULL,             -- LIMIT or MARKET: what it is, or becomes when it is triggered
    tif TEXT NOT NULL,              -- GTC, IOC, FOK
    post_only INTEGER NOT NULL,
    reduce_only INTEGER NOT NULL,
    close_position INTEGER NOT NULL,
    amount TEXT NOT NULL,           -- the total
    quote_amount TEXT,              -- of a market order by quote
    price TEXT,                     -- of a LIMIT
    trigger TEXT,                   -- JSON; NULL without one
    triggered INTEGER NOT NULL,
    status TEXT NOT NULL,           -- WAITING, TRIGGERED, OPEN, FILLED, CANCELLED, EXPIRED, REJECTED
    why TEXT NOT NULL,              -- why it ended unfilled; empty otherwise
    filled TEXT NOT NULL,
    filled_quote TEXT NOT NULL,     -- sum of price x amount
    fees TEXT NOT NULL,             -- JSON: asset to amount
    parent_id TEXT NOT NULL,        -- the trigger order that became this one
    child_id TEXT NOT NULL,         -- the order that this trigger order became
    self_trade TEXT NOT NULL,
    max_slippage TEXT,
    words TEXT NOT NULL,            -- JSON: what the wire said that is nowhere else here
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    priority INTEGER NOT NULL,      -- place in the queue of its price
    version INTEGER NOT NULL,       -- counts its changes
    PRIMARY KEY (venue, product, symbol, order_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS orders_by_client_id ON orders (client_order_id);
CREATE TABLE IF NOT EXISTS trades (
    venue TEXT NOT NULL,
    uid TEXT NOT NULL,
    product TEXT NOT NULL,
    symbol TEXT NOT NULL,
    trade_id TEXT NOT NULL,         -- the same for both sides; repeats across symbols on binance and okx
    serial INTEGER NOT NULL,        -- rises over all trades of a venue
    order_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    side TEXT NOT NULL,
    price TEXT NOT NULL,
    amount TEXT NOT NULL,
    fee TEXT NOT NULL,              -- positive when paid
    fee_asset TEXT NOT NULL,
    liquidity TEXT NOT NULL,        -- MAKER or TAKER
    realised TEXT NOT NULL,         -- P&L in quote, perps only
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (venue, serial)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS balances (
    venue TEXT NOT NULL,
    uid TEXT NOT NULL,
    wallet TEXT NOT NULL,           -- spot, perp (binance); unified (bybit, okx); funding
    asset TEXT NOT NULL,
    total TEXT NOT NULL,            -- without unrealised P&L
    held TEXT NOT NULL,             -- for open spot orders
    PRIMARY KEY (venue, uid, wallet, asset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,         -- when it came
    venue TEXT NOT NULL,
    host TEXT NOT NULL,
    method TEXT NOT NULL,           -- of a frame from a client that asks for something: WS
    path TEXT NOT NULL,
    query TEXT NOT NULL,            -- without signatures, at most 2000 characters
    body TEXT NOT NULL,             -- as query
    operation TEXT NOT NULL,        -- place, cancel, lookup, ...
    uid TEXT NOT NULL,              -- empty without a known key
    symbol TEXT NOT NULL,
    client_order_id TEXT NOT NULL,
    status INTEGER,                 -- of the answer; NULL where none was sent
    code TEXT NOT NULL,             -- the venue's error code; empty when all was well
    faults TEXT NOT NULL,           -- kinds of the faults that were played on it, with blanks between
    took_us INTEGER NOT NULL        -- microseconds, the played delays with it
);
CREATE TABLE IF NOT EXISTS positions (
    venue TEXT NOT NULL,
    uid TEXT NOT NULL,
    symbol TEXT NOT NULL,
    quantity TEXT NOT NULL,         -- signed
    entry_price TEXT NOT NULL,      -- 0 when flat
    realised TEXT NOT NULL,         -- with fees and funding
    leverage TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (venue, uid, symbol)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bills (  -- the ledger
    venue TEXT NOT NULL,
    bill_id INTEGER NOT NULL,
    uid TEXT NOT NULL,
    wallet TEXT NOT NULL,
    asset TEXT NOT NULL,
    kind TEXT NOT NULL,             -- TRADE, FEE, REALISED, FUNDING, TRANSFER, DEPOSIT, WITHDRAWAL, ..., OPENING
    amount TEXT NOT NULL,           -- signed
    balance TEXT NOT NULL,          -- after it
    product TEXT NOT NULL,          -- empty without a market, as symbol
    symbol TEXT NOT NULL,
    ref TEXT NOT NULL,              -- trade or move id
    order_id TEXT NOT NULL,
    rate TEXT,                      -- of funding, as the next two
    mark TEXT,
    quantity TEXT,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (venue, bill_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moves (  -- deposits, withdrawals, transfers between wallets
    venue TEXT NOT NULL,
    kind TEXT NOT NULL,
    move_id TEXT NOT NULL,
    uid TEXT NOT NULL,
    asset TEXT NOT NULL,
    amount TEXT NOT NULL,           -- what arrives
    state TEXT NOT NULL,            -- PENDING, SENT, DONE, FAILED, CANCELLED
    fee TEXT NOT NULL,
    client_id TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    tag TEXT NOT NULL,
    tx_id TEXT NOT NULL,
    source TEXT,
    target TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (venue, kind, move_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS funding (  -- settlements, whoever had a position
    venue TEXT NOT NULL,
    symbol TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    rate TEXT NOT NULL,
    mark TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS settings (  -- of accounts, such as a position mode
    venue TEXT NOT NULL,
    uid TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (venue, uid, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (  -- from which ids are made
    venue TEXT NOT NULL,            -- empty: how far the prices went, in ms
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (venue, name)
) WITHOUT ROWID;
