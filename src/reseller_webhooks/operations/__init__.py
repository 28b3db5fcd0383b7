"""Use cases. A public function is one transaction, without network inside."""
