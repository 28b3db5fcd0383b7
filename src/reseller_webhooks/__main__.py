"""python -m reseller_webhooks."""

from reseller_webhooks.cli import main

main()
