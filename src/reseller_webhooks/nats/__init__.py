"""The edges to NATS JetStream: changes come in, events go out. The only room that speaks NATS."""
