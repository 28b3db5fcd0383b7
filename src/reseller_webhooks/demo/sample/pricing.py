"""Sample products, payment plans and contracts, as orders show them."""

from reseller_webhooks.demo.sample.context import DAY_MS, Fields, SampleContext
from reseller_webhooks.demo.sample.models import Product, uuid_of


def product_url(scene: SampleContext, product: Product) -> str:
    """The URL of an application."""
    return f"{scene.url}/api/marketplace/v1/products/{product.id}"


def edition_url(scene: SampleContext, product: Product) -> str:
    """The URL of an edition."""
    return f"{product_url(scene, product)}/editions/{product.edition_id}"


def payment_plan(scene: SampleContext, product: Product) -> Fields:
    """The monthly payment plan of a product."""
    return {
        "href": f"{edition_url(scene, product)}/paymentPlans/{product.plan_id}",
        "id": product.plan_id,
        "uuid": uuid_of("plan", product.plan_id),
        "frequency": "MONTHLY",
        "contract": {
            "minimumServiceLength": 12,
            "cancellationPeriodLimit": None,
            "endOfContractGracePeriod": 30,
            "blockSwitchToShorterContract": True,
            "blockContractDowngrades": True,
            "blockContractUpgrades": False,
            "alignWithParentCycleStartDate": False,
            "gracePeriod": None,
            "terminationFee": None,
            "autoExtensionPricingId": product.plan_id,
        },
        "allowCustomUsage": False,
        "keepBillDateOnUsageChange": True,
        "separatePrepaid": False,
        "isPrimaryPrice": True,
        "costs": [_cost(product)],
        "discount": None,
        "primaryPrice": True,
    }


def _cost(product: Product) -> Fields:
    return {
        "id": product.plan_id * 2,
        "unit": product.unit,
        "unitDependency": None,
        "minUnits": 1,
        "maxUnits": None,
        "meteredUsage": False,
        "increment": 1,
        "pricePerIncrement": False,
        "blockContractDecrease": False,
        "blockContractIncrease": False,
        "blockOriginalContractDecrease": False,
        "amount": {"USD": product.price},
        "pricingStrategy": "UNIT",
    }


def contract(scene: SampleContext, product: Product, end: int) -> Fields:
    """For a year, which renews itself."""
    return {
        "minimumServiceLength": 12,
        "endOfContractDate": end,
        "gracePeriodEndDate": end + 30 * DAY_MS,
        "cancellationPeriodLimit": None,
        "endOfContractGracePeriod": 30,
        "terminationFee": None,
        "renewal": {"order": None, "paymentPlan": payment_plan(scene, product)},
    }
