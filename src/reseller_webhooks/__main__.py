"""python -m reseller_webhooks."""

from reseller_webhooks.entry import main

main()
