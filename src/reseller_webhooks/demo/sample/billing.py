"""Sample orders, subscriptions and invoices, in AppDirect's shape."""

from datetime import UTC, datetime

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.demo.sample.context import DAY_MS, Fields, SampleContext
from reseller_webhooks.demo.sample.data import RESELLER, SELLER, SELLER_PERSON, SELLER_USER
from reseller_webhooks.demo.sample.models import Purchase, uuid_of
from reseller_webhooks.demo.sample.pricing import contract, edition_url, payment_plan, product_url

YEAR_DAYS = 365


def order(scene: SampleContext, purchase: Purchase) -> Fields:
    """An order, as it is on its own and within its subscription."""
    start, end = scene.ago(purchase.age_days), scene.ago(purchase.age_days % YEAR_DAYS - YEAR_DAYS)
    product = purchase.product
    return {
        "startDate": start,
        "endDate": end,
        "serviceStartDate": datetime.fromtimestamp(start / 1000, UTC).date().isoformat(),
        "nextBillingDate": scene.ago(purchase.age_days % 30 - 30),
        "endOfDiscountDate": None,
        "status": purchase.status,
        "frequency": "MONTHLY",
        "currency": "USD",
        "type": "NEW",
        "totalPrice": purchase.total,
        "user": scene.pointer("users", purchase.firm.user),
        "salesSupportUser": scene.pointer("users", SELLER_USER),
        "salesSupportCompany": scene.pointer("companies", SELLER),
        "company": scene.pointer("companies", purchase.firm.uuid),
        "referenceCode": None,
        "paymentPlan": payment_plan(scene, product),
        "contract": contract(scene, product, end),
        "previousOrder": None,
        "nextOrder": None,
        "discount": None,
        "paymentPlanId": product.plan_id,
        "discountId": None,
        "activated": purchase.status == "ACTIVE",
        "oneTimeOrders": [],
        "orderLines": [_order_line(purchase)],
        "parameters": [],
        "customAttributes": [],
        "links": [scene.link("subscription", Resource.SUBSCRIPTION, purchase.subscription)],
        "id": purchase.order,
    }


def subscription(scene: SampleContext, purchase: Purchase) -> Fields:
    """A subscription with its order."""
    firm, product = purchase.firm, purchase.product
    of_people = product.unit == "USER"
    return {
        "creationDate": scene.ago(purchase.age_days),
        "externalAccountId": f"{firm.key}-{product.id}",
        "status": purchase.status,
        "maxUsers": purchase.quantity if of_people else None,
        "assignedUsers": purchase.quantity * 3 // 4 if of_people else 1,
        "order": order(scene, purchase),
        **scene.buyer(firm),
        "product": {"id": str(product.id), "href": product_url(scene, product)},
        "edition": {"id": str(product.edition_id), "href": edition_url(scene, product)},
    }


def invoice(scene: SampleContext, purchase: Purchase, number: int, status: str) -> Fields:
    """The invoice of one month."""
    firm, issued = purchase.firm, scene.ago(number % 23 + 1)
    return {
        "creationDate": issued,
        "dueDate": issued + 14 * DAY_MS,
        "status": status,
        "total": purchase.total,
        "orderIds": [str(purchase.order)],
        "currency": "USD",
        **scene.buyer(firm),
        "invoiceLines": [_invoice_line(purchase, number, issued)],
        "links": [
            scene.account_link("user", "users", firm.user),
            scene.account_link("company", "companies", firm.uuid),
            scene.link("self", Resource.INVOICE, str(number)),
        ],
    }


def _order_line(purchase: Purchase) -> Fields:
    product = purchase.product
    return {
        "id": purchase.order * 2 + 1,
        "editionPricingItemId": product.plan_id * 2,
        "type": "ITEM",
        "unit": product.unit,
        "quantity": purchase.quantity,
        "price": product.price,
        "listingPrice": product.price,
        "totalPrice": purchase.total,
        "applicationName": product.app,
        "editionName": product.edition,
        "description": product.description,
    }


def _invoice_line(purchase: Purchase, number: int, issued: int) -> Fields:
    product = purchase.product
    seller = {"isReseller": True, "isSalesSupport": False}
    return {
        "id": number * 2 + 1,
        "type": "ITEM",
        "itemId": None,
        "description": product.description,
        "quantity": purchase.quantity,
        "price": product.price,
        "percentage": None,
        "total": purchase.total,
        "periodStart": issued - 30 * DAY_MS,
        "periodEnd": issued,
        "paymentPlanId": product.plan_id,
        "editionId": product.edition_id,
        "productId": product.id,
        "pricingUnit": product.unit,
        "vendor": {"uuid": uuid_of("vendor", product.vendor), "name": product.vendor},
        "saleRepCompany": {"uuid": SELLER, "name": RESELLER, **seller},
        "saleRepUser": {"uuid": SELLER_USER, "name": SELLER_PERSON, **seller},
    }
