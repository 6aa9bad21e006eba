"""TxGuard: the transactions, the stream, the incidents with their known truth."""
