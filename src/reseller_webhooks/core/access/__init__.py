"""Access: permissions and the vocabulary of the audit log."""
