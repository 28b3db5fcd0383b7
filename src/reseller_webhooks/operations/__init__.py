"""What can be done. A public function is one transaction; no network inside."""
