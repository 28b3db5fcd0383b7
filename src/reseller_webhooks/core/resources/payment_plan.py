"""What an order costs and how long it binds: payment plans and contracts."""

from reseller_webhooks.core.resources.shape import Frequency, Id, Json, Millis, Number, Shape


class PlanContract(Shape):
    """The terms that come with a payment plan."""

    minimum_service_length: Number | None = None
    cancellation_period_limit: Number | None = None
    end_of_contract_grace_period: Number | None = None
    block_switch_to_shorter_contract: bool | None = None
    block_contract_downgrades: bool | None = None
    block_contract_upgrades: bool | None = None
    align_with_parent_cycle_start_date: bool | None = None
    grace_period: Json = None
    termination_fee: Json = None
    auto_extension_pricing_id: Id | None = None


class Cost(Shape):
    """The price of one unit."""

    id: Id | None = None
    unit: str | None = None
    unit_dependency: Json = None
    min_units: Number | None = None
    max_units: Number | None = None
    metered_usage: bool | None = None
    increment: Number | None = None
    price_per_increment: bool | None = None
    block_contract_decrease: bool | None = None
    block_contract_increase: bool | None = None
    block_original_contract_decrease: bool | None = None
    amount: dict[str, Number] | None = None
    pricing_strategy: str | None = None


class PaymentPlan(Shape):
    """How an edition is paid for."""

    href: str | None = None
    id: Id | None = None
    uuid: str | None = None
    frequency: Frequency | None = None
    contract: PlanContract | None = None
    allow_custom_usage: bool | None = None
    keep_bill_date_on_usage_change: bool | None = None
    separate_prepaid: bool | None = None
    is_primary_price: bool | None = None
    costs: list[Cost] | None = None
    discount: Json = None
    primary_price: bool | None = None


class Renewal(Shape):
    """What follows when a contract ends."""

    order: Json = None
    payment_plan: PaymentPlan | None = None


class Contract(Shape):
    """The terms an order is bound by."""

    minimum_service_length: Number | None = None
    end_of_contract_date: Millis | None = None
    grace_period_end_date: Millis | None = None
    cancellation_period_limit: Number | None = None
    end_of_contract_grace_period: Number | None = None
    termination_fee: Json = None
    renewal: Renewal | None = None
