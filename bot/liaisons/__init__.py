"""Who picks up handoffs: accounts, sessions, what each may do, and the record of what each did."""
