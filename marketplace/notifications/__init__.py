"""The outbox: what people are to be told, written in the transaction of what it tells of."""
