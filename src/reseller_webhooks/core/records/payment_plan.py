"""Costs and terms of an order: payment plans and contracts."""

from typing_extensions import TypedDict

from reseller_webhooks.core.records.base_models import Frequency, Id, Json, Millis, Number


class PlanContract(TypedDict, total=False):
    """The terms that come with a payment plan."""

    minimumServiceLength: Number | None
    cancellationPeriodLimit: Number | None
    endOfContractGracePeriod: Number | None
    blockSwitchToShorterContract: bool | None
    blockContractDowngrades: bool | None
    blockContractUpgrades: bool | None
    alignWithParentCycleStartDate: bool | None
    gracePeriod: Json
    terminationFee: Json
    autoExtensionPricingId: Id | None


class Cost(TypedDict, total=False):
    """The price of one unit."""

    id: Id | None
    unit: str | None
    unitDependency: Json
    minUnits: Number | None
    maxUnits: Number | None
    meteredUsage: bool | None
    increment: Number | None
    pricePerIncrement: bool | None
    blockContractDecrease: bool | None
    blockContractIncrease: bool | None
    blockOriginalContractDecrease: bool | None
    amount: dict[str, Number] | None
    pricingStrategy: str | None


class PaymentPlan(TypedDict, total=False):
    """The payment plan of an edition."""

    href: str | None
    id: Id | None
    uuid: str | None
    frequency: Frequency | None
    contract: PlanContract | None
    allowCustomUsage: bool | None
    keepBillDateOnUsageChange: bool | None
    separatePrepaid: bool | None
    isPrimaryPrice: bool | None
    costs: list[Cost] | None
    discount: Json
    primaryPrice: bool | None


class Renewal(TypedDict, total=False):
    """The renewal after a contract ends."""

    order: Json
    paymentPlan: PaymentPlan | None


class Contract(TypedDict, total=False):
    """The terms an order is bound by."""

    minimumServiceLength: Number | None
    endOfContractDate: Millis | None
    gracePeriodEndDate: Millis | None
    cancellationPeriodLimit: Number | None
    endOfContractGracePeriod: Number | None
    terminationFee: Json
    renewal: Renewal | None
