"""The facts of the sample reseller. All names are invented."""

from reseller_webhooks.demo.sample.models import (
    Assignee,
    Firm,
    Product,
    Purchase,
    SampleProspect,
    uuid_of,
)

RESELLER = "Fernhill Cloud"
SELLER = uuid_of("company", RESELLER)
SELLER_PERSON = "Robin Fern"
SELLER_USER = uuid_of("user", SELLER_PERSON)

# fmt: off
FIRMS = (
    Firm("harbourline", "Harbourline Freight", "MEDIUM", "Transport", 412, "Maya", "Lindqvist",
         "+16045550114", "88 Dock Street", "Vancouver", "BC", "V6B1A1", "CA"),
    Firm("oakandember", "Oak & Ember Bakery", "SMALL", "Food", 377, "Tom", "Okafor",
         "+15035550127", "412 Alder Street", "Portland", "OR", "97205", "US"),
    Firm("lumenclinic", "Lumen Clinic", "MEDIUM", "Health care", 351, "Priya", "Raman",
         "+14165550138", "20 College Street", "Toronto", "ON", "M5G1K2", "CA"),
    Firm("tessera", "Tessera Architects", "SMALL", "Architecture", 330, "Eleanor", "Whitcombe",
         "+442079460155", "9 Curtain Road", "London", "", "EC2A3LT", "GB"),
    Firm("kvalitet", "Kvalitet Møbler", "MEDIUM", "Furniture", 296, "Sigrid", "Nygård",
         "+4733550142", "Havnegata 3", "Trondheim", "", "7010", "NO"),
    Firm("bluefinch", "Bluefinch Media", "SMALL", "Media", 240, "Daniel", "Reyes",
         "+12125550163", "301 West 37th Street", "New York", "NY", "10018", "US"),
    Firm("steinbach", "Steinbach Maschinenbau", "ENTERPRISE", "Machinery", 221, "Jonas", "Keller",
         "+4971155501", "Fabrikweg 12", "Stuttgart", "BW", "70173", "DE"),
    Firm("cedarschool", "Cedar Park School", "MEDIUM", "Education", 188, "Grace", "Holloway",
         "+15125550171", "77 Cypress Creek Road", "Austin", "TX", "78613", "US"),
    Firm("alvarado", "Alvarado & Ruiz Abogados", "SMALL", "Law", 130, "Lucía", "Alvarado",
         "+34915550182", "Calle Mayor 41", "Madrid", "", "28013", "ES"),
    Firm("pinetrail", "Pine Trail Outfitters", "SMALL", "Retail", 96, "Sam", "Whitehorse",
         "+13035550190", "1550 Larimer Street", "Denver", "CO", "80202", "US"),
    Firm("solanki", "Solanki Textiles", "ENTERPRISE", "Textiles", 61, "Arjun", "Solanki",
         "+912255501", "14 Mill Lane", "Mumbai", "MH", "400012", "IN"),
    Firm("quietriver", "Quiet River Studio", "SMALL", "Design", 12, "Noor", "Haddad",
         "+16135550199", "5 Elgin Street", "Ottawa", "ON", "K1P5K6", "CA"),
)
PRODUCTS = (
    Product("Mailwright", "Business", "Mailwright Inc", "USER", 6, 3851),
    Product("Paperfold Sign", "Team", "Paperfold", "USER", 12.5, 4107),
    Product("Stackvault Backup", "Standard", "Stackvault", "GIGABYTE", 0.25, 4212),
    Product("Tallybook", "Premium", "Tallybook Software", "USER", 29, 4388),
    Product("Deskbell Support", "Growth", "Deskbell", "USER", 18, 4460),
    Product("Fieldnote CRM", "Enterprise", "Fieldnote", "USER", 45, 4519),
)
PURCHASES = (
    Purchase(40210, FIRMS[0], PRODUCTS[0], 85, "ACTIVE", 400),
    Purchase(40217, FIRMS[0], PRODUCTS[5], 20, "ACTIVE", 210),
    Purchase(40224, FIRMS[1], PRODUCTS[0], 6, "ACTIVE", 370),
    Purchase(40231, FIRMS[1], PRODUCTS[3], 1, "ACTIVE", 180),
    Purchase(40238, FIRMS[2], PRODUCTS[0], 40, "ACTIVE", 345),
    Purchase(40245, FIRMS[2], PRODUCTS[2], 500, "ACTIVE", 300),
    Purchase(40252, FIRMS[3], PRODUCTS[1], 9, "ACTIVE", 320),
    Purchase(40259, FIRMS[4], PRODUCTS[0], 32, "SUSPENDED", 280),
    Purchase(40266, FIRMS[5], PRODUCTS[4], 7, "ACTIVE", 235),
    Purchase(40273, FIRMS[6], PRODUCTS[0], 640, "ACTIVE", 215),
    Purchase(40280, FIRMS[6], PRODUCTS[5], 120, "ACTIVE", 200),
    Purchase(40287, FIRMS[7], PRODUCTS[2], 2000, "ACTIVE", 170),
    Purchase(40294, FIRMS[8], PRODUCTS[1], 4, "ACTIVE", 125),
    Purchase(40301, FIRMS[9], PRODUCTS[4], 3, "FREE_TRIAL", 9),
    Purchase(40308, FIRMS[10], PRODUCTS[3], 15, "ACTIVE", 55),
    Purchase(40315, FIRMS[10], PRODUCTS[0], 310, "ACTIVE", 60),
)
# The number of the invoice, what it is for, and what has become of it.
INVOICES = (
    (7310, PURCHASES[2], "UNPAID"),
    (7311, PURCHASES[0], "PAID"),
    (7312, PURCHASES[1], "PAID"),
    (7313, PURCHASES[4], "PAID"),
    (7314, PURCHASES[5], "PAID"),
    (7315, PURCHASES[6], "UNPAID"),
    (7316, PURCHASES[7], "CARRIED"),
    (7317, PURCHASES[8], "PAID"),
    (7318, PURCHASES[9], "PAID"),
    (7319, PURCHASES[10], "UNPAID"),
    (7320, PURCHASES[12], "PAID"),
    (7321, PURCHASES[14], "VOIDED"),
)
PROSPECTS = (
    SampleProspect("Meridian Dental Group", "Hannah", "Schultz", "Calgary", "CA",
                   "RANGE_25_49", "ASSIGNED"),
    SampleProspect("Redwood Credit Union", "Marcus", "Bell", "Eureka", "US",
                   "RANGE_250_499", "SUBMITTED"),
    SampleProspect("Atelier Fontaine", "Camille", "Fontaine", "Lyon", "FR",
                   "RANGE_1_9", "ASSIGNED"),
    SampleProspect("Granite Peak Lodge", "Owen", "Tremblay", "Banff", "CA",
                   "RANGE_50_249", "CONVERTED"),
    SampleProspect("Hinata Robotics", "Yuki", "Hinata", "Osaka", "JP",
                   "RANGE_500_999", "SUBMITTED"),
    SampleProspect("Saltmarsh Brewing", "Fiona", "Gallagher", "Galway", "IE",
                   "RANGE_10_24", "DISQUALIFIED"),
    SampleProspect("Vela Energy", "Tiago", "Moreira", "Porto", "PT",
                   "RANGE_1000_4999", "PENDING_CONVERSION_APPROVAL"),
    SampleProspect("Copperline Plumbing", "Jess", "Navarro", "Tucson", "US",
                   "RANGE_10_24", "CONVERSION_APPROVED"),
)
ASSIGNEES = (
    Assignee(PURCHASES[0], "Ingrid", "Solberg", "PENDING_USER_ACTIVATION"),
    Assignee(PURCHASES[0], "Ben", "Carver", "ACTIVE"),
    Assignee(PURCHASES[1], "Leila", "Mansour", "ACTIVE"),
    Assignee(PURCHASES[2], "Tom", "Okafor", "ACTIVE"),
    Assignee(PURCHASES[4], "Priya", "Raman", "PENDING_REMOTE_CREATION"),
    Assignee(PURCHASES[6], "Hugo", "Marsh", "FAILED"),
    Assignee(PURCHASES[7], "Sigrid", "Nygård", "SUBSCRIPTION_SUSPENDED_PAY_INVOICE"),
    Assignee(PURCHASES[9], "Jonas", "Keller", "ACTIVE"),
)
# fmt: on
