-- What has ended is forgotten in the order in which it ended.
CREATE INDEX executions_closed ON executions (stopped, id) WHERE status <> 0;
