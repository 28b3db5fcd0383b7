"""What is wrong with what somebody has entered or asked for. Sources: core and operations."""

from collections.abc import Mapping

from reseller_webhooks.http.pages.language import N_

SAYINGS = (
    N_("address %(address)s is in a network that is never a target; give another URL"),
    N_("is empty; enter the full URL, for example %(example)s"),
    N_("is %(length)s characters long; at most %(most)s are possible"),
    N_("character %(place)s is a space or cannot be seen; leave it out"),
    N_("begins with %(scheme)s://; notifications go over https:// only"),
    N_("does not begin with https://; enter the full URL, for example %(example)s"),
    N_("has no valid host and port in '%(text)s'; write host or host:port"),
    N_("port %(port)s does not exist; ports go from 1 to 65535"),
    N_("names no host; enter the full URL, for example %(example)s"),
    N_("[%(address)s] is not an IPv6 address"),
    N_(
        "[%(address)s] names a network interface of ours; leave out the %% and the rest",
    ),
    N_("host '%(host)s' is not a valid international name: %(why)s"),
    N_(
        "host '%(host)s' ends in a number but is no address; write a name, or an address as four "
        "decimal numbers such as 203.0.113.7"
    ),
    N_("host '%(host)s' ends with a dot; write '%(right)s'"),
    N_("host is %(length)s characters long; at most %(most)s are possible"),
    N_(
        "host '%(host)s' is not a valid name: '%(label)s' should be 1 to 63 letters, digits and "
        "inner hyphens"
    ),
    N_("host '%(host)s' has no domain; write the full name, as in %(right)s"),
    N_("'%(given)s' is no address; give one like ana@acme.example"),
    N_("give a password of %(least)s to %(most)s characters"),
    N_("give a name of %(least)s to %(most)s characters"),
    N_("too many wrong passwords; wait %(time)s and try again"),
    N_("too many new passwords; wait %(time)s and try again"),
    N_("%(minutes)s and %(seconds)s"),
    N_("1 minute"),
    N_("%(count)s minutes"),
    N_("1 second"),
    N_("%(count)s seconds"),
    N_("nobody has invited %(email)s; ask an admin or the operator for an invite"),
    N_("there is already a user with the address %(email)s"),
    N_("%(email)s is locked, so no link would work; unlock the user first"),
    N_("its webhook is about another resource now, %(resource)s"),
    N_("the identity provider refused the sign-in: %(why)s"),
    N_("the identity provider answered %(status)s"),
    N_("the identity token is not valid: %(why)s"),
    N_(
        "%(count)s test notifications are under way already; wait until one of them has ended",
    ),
    N_("%(count)s people watch the log already; reload the page instead"),
    N_("a form has at most %(size)s bytes"),
)
"""The first that fits is the one."""
WORDS = (
    N_("holds a character that cannot be seen; leave it out"),
    N_("has a fragment (from the # on), which is never sent; leave it out"),
    N_("holds a user name or password; leave it out and choose Token or OAuth2"),
    N_("port 0 cannot be connected to; ports go from 1 to 65535"),
    N_("not global unicast"),
    N_("not an address"),
    N_("this host"),
    N_("private"),
    N_("shared address space"),
    N_("loopback"),
    N_("the cloud host's own"),
    N_("link-local"),
    N_("site-local"),
    N_("reserved"),
    N_("reserved for protocols"),
    N_("for documentation"),
    N_("a retired relay"),
    N_("a tunnel address"),
    N_("for benchmarks"),
    N_("multicast"),
    N_("the webhook has neither Added nor Changed ticked; tick one of them"),
    N_("the webhook has Deleted not ticked; tick it, or give false"),
    N_("its webhook has neither Added nor Changed ticked any more"),
    N_("no backfill of this webhook is running; there is nothing to cancel"),
    N_("a backfill of this webhook is running; wait until it is done, or cancel it"),
    N_("your access has been ended; ask the operator of this service"),
    N_("this sign-in link was used before or is older than a day"),
    N_("this invite was used, withdrawn or is older than a week"),
    N_("the e-mail address or the password is wrong"),
    N_("this is not the current password"),
    N_("sign in first"),
    N_("only an operator can turn to another reseller"),
    N_("operators belong to no reseller, and everybody else to one"),
    N_("you cannot make a link for yourself; ask somebody else to do it"),
    N_("you cannot lock yourself; ask somebody else to do it"),
    N_("you cannot remove yourself; ask somebody else to do it"),
    N_("you are the last admin here; make somebody else an admin first"),
    N_("this address belongs to another account of the identity provider; ask the operator"),
    N_("the identity token is not valid: its subject is too long"),
    N_("this delivery is still pending and is tried again by itself"),
    N_(
        "it cannot be repeated: it is being sent again already, its webhook was deleted, "
        "or its event is too old"
    ),
    N_("the identity provider does not answer"),
    N_("the store does not answer"),
    N_("the store is busy"),
    N_("the store lacks tables of this version"),
    N_("the store denies this service a right"),
    N_("the store is damaged"),
    N_("the store takes no changes just now"),
    N_("this took too long; if it was a change, it may still come about"),
    N_("another transaction was writing the same"),
    N_("this form is out of date, or was not sent from this site"),
    N_("only operators of this service may see this page"),
    N_("only admins may see who else signs in; ask one of them"),
    N_("you may look at webhooks, but not change them; ask an admin to do it"),
    N_("only admins may see the audit log; ask one of them"),
    N_("choose one of the roles"),
    N_("choose one of the languages"),
    N_("choose the reseller that the user belongs to"),
    N_("choose the reseller that the key is for"),
    N_("choose what the key may do"),
    N_("choose how fast from the list"),
    N_("this is not what a form sends"),
    N_("a field holds a NUL, which nobody can type"),
    N_("the answer is from another identity provider than was asked"),
    N_("the identity provider does not vouch for an e-mail address of yours"),
    N_("the identity token was made for another program"),
    N_("the identity provider told of somebody else"),
    N_("this sign-in took too long, or began in another window; try again"),
)
"""Those that are the same every time."""
SAID_OTHERWISE: Mapping[str, str] = {
    "address %(address)s is %(kind)s; a target must be reachable from the whole internet. If it "
    "is right, the operator can set RESELLER_WEBHOOKS_ALLOW_TARGETS=%(network)s": N_(
        "address %(address)s is %(kind)s; a target must be reachable from the whole internet. If "
        "it is right, ask the operator to allow %(network)s"
    ),
    "%(host)s has the address %(address)s, which is %(kind)s; a target must be reachable from the "
    "whole internet. If it is right, the operator can set "
    "RESELLER_WEBHOOKS_ALLOW_TARGETS=%(network)s": N_(
        "%(host)s does not lead to a public address; a target must be reachable from the whole "
        "internet. If it is right, ask the operator of this service, whose log names the address"
    ),  # as attempts of before have it, which named the address
}
"""As the API and the log tell it, and as a page does: who reads that cannot set a setting."""
