"""Works out, with the calendar of Python, how secrets stand at the seconds at which that changes.

Reads {zone, secrets: [{name, rotated, years, months, days, hours, expires}]} and writes [{at, states, within}], where `at` is a
moment in seconds, `states` the state of each secret then and `within` the names that are due within 30 days. Nothing of
broker is used, so both may be wrong, but hardly in the same way.
"""

import calendar
import datetime as dt
import json
import sys
from zoneinfo import ZoneInfo

asked = json.load(sys.stdin)
zone = ZoneInfo(asked["zone"])
UTC = dt.timezone.utc


def moment(civil):
    """The first moment that clocks showed this; of a time they skipped, the moment as far behind the gap."""
    return civil.replace(tzinfo=zone, fold=0).astimezone(UTC)


def added(start, years, months, days, hours):
    """A calendar length behind a moment: years and months, cut to the month's last day; then days; then hours that pass."""
    civil = start.astimezone(zone).replace(tzinfo=None)
    if not (years or months or days):
        return start + dt.timedelta(hours=hours)
    month = civil.month - 1 + months + 12 * years
    year, month = civil.year + month // 12, month % 12 + 1
    day = min(civil.day, calendar.monthrange(year, month)[1])
    then = civil.replace(year=year, month=month, day=day) + dt.timedelta(days=days)
    return moment(then) + dt.timedelta(hours=hours)


def facts(secret):
    rotated = dt.datetime.fromtimestamp(secret["rotated"], UTC)
    length = [secret[unit] for unit in ("years", "months", "days", "hours")]
    due = added(rotated, *length) if any(length) else None
    over = None
    if secret["expires"]:
        day = dt.date.fromisoformat(secret["expires"]) + dt.timedelta(days=1)
        over = moment(dt.datetime.combine(day, dt.time()))
    return due, over


def state(due, over, now):
    if over and now >= over:
        return "expired"
    if due and now >= due:
        return "overdue"
    times = [time for time in (due, over) if time]
    if not times:
        return "none"
    return "due-soon" if min(times) <= added(now, 0, 0, 7, 0) else "ok"


def is_within(due, over, now):
    times = [time for time in (due, over) if time]
    return bool(times) and min(times) <= added(now, 0, 0, 30, 0)


known = {secret["name"]: facts(secret) for secret in asked["secrets"]}
moments = set()
for due, over in known.values():
    for time in (due, over):
        if time:
            for days in (0, 7, 30):
                # The window ends `days` civil days behind now; near a change of the clocks it is looked at more closely.
                begin = time - dt.timedelta(days=days)
                near = (-3600, 3600) if days else ()
                for seconds in (-1, 0, 1, *near):
                    moments.add(int(begin.timestamp()) + seconds)
answer = []
for at in sorted(moments):
    now = dt.datetime.fromtimestamp(at, UTC)
    states = {name: state(due, over, now) for name, (due, over) in known.items()}
    within = [name for name, (due, over) in known.items() if is_within(due, over, now)]
    answer.append({"at": at, "states": states, "within": sorted(within)})
json.dump(answer, sys.stdout)
