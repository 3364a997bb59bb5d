"""The rule plugin DeploymentWindow, as the host starts it; `make plugins` builds it."""

import datetime
import time
import unittest

from harness import ODD, PluginCase, ProcessRules

MONDAY_NINE = 1795420800  # 2026-11-23, 09:00 in Berlin


class WindowCase(PluginCase):
    plugin = "deployment-window"

    def window_job(self, cron, zone=None, clock=None, **data):
        configuration = {"Cron": cron} if zone is None else {"Cron": cron, "TimeZone": zone}
        if clock is not None:
            data["providerSettings"] = {"clock": clock}
        identity = {"category": "Rule", "owner": "AWS", "provider": "DeploymentWindow", "version": "1"}
        return (
            self.job({"actionTypeId": identity, "actionConfiguration": {"configuration": configuration}, **data}),
            self.workspace(),
        )

    def ask(self, *arguments, **options):
        return self.run_job(*self.window_job(*arguments, **options))

    def summary(self, ending):
        return ending.last["executionDetails"]["summary"]


class WindowProcess(ProcessRules, WindowCase):
    def good_job(self):
        return self.window_job("* * * * * ?")


class DeploymentWindow(WindowCase):
    office = ("* * 9-17 ? * MON-FRI", "Europe/Berlin")

    def test_inside_the_window_it_succeeds_at_once_CND_10(self):
        ending = self.ask(*self.office, clock=MONDAY_NINE)
        self.assertSucceeded(ending)
        self.assertNotIn("continuationToken", ending.last)
        self.assertEqual(self.summary(ending), "Open at 2026-11-23 09:00 UTC+01:00 (TimeZone Europe/Berlin)")

    def test_outside_it_waits_by_continuations_and_says_for_what_CND_10(self):
        ending = self.ask(*self.office, clock=MONDAY_NINE - 90)
        self.assertSucceeded(ending)
        self.assertEqual(ending.last["continueAfterSeconds"], 90)
        self.assertEqual(self.summary(ending), "Closed; opens at 2026-11-23 09:00 UTC+01:00 (TimeZone Europe/Berlin)")
        self.assertEqual(ending.messages[0]["executionDetails"], ending.last["executionDetails"])
        token = ending.last["continuationToken"]
        for _ in range(2):
            later = self.ask(*self.office, clock=MONDAY_NINE - 90, continuationToken=token)
            self.assertSucceeded(later)
            self.assertNotIn("continuationToken", later.last)

    def test_without_a_case_s_clock_it_is_now_also_for_a_token_that_says_otherwise(self):
        ending = self.ask("* * * * * ?")
        shown = datetime.datetime.strptime(self.summary(ending)[8:24], "%Y-%m-%d %H:%M")
        shown = shown.replace(tzinfo=datetime.timezone.utc).timestamp()
        self.assertLess(abs(time.time() - shown), 120)
        next_year = f"* * * * * ? {time.gmtime().tm_year + 2}"
        ending = self.ask(next_year, continuationToken="opens-4000000000")
        self.assertSucceeded(ending)
        self.assertEqual(ending.last["continueAfterSeconds"], 3600)

    def test_a_window_that_never_opens_again_fails_at_once_CND_10(self):
        for cron in ("* * * * * ? 2025", "0 0 0 30 FEB ?"):
            self.assertFailed(self.ask(cron, clock=MONDAY_NINE), "JobFailed", "never opens again")

    def test_wrong_configuration_is_refused_by_name_and_value(self):
        for cron, zone, text in (
            ("* * 24 * * ?", None, 'hours is "24": it takes 0 to 23'),
            ("* * * * *", None, "has 5 fields, not 6 or 7"),
            (ODD, None, "Cron: "),
            ("", None, "Cron is missing"),
            ("* " * 400, None, "Cron has 800 characters, more than 500"),
            ("* * * * * ?", "Nowhere/City", 'TimeZone "Nowhere/City" is not in the time zone database'),
            ("* * * * * ?", "BST", 'TimeZone "BST" is not known, or means several places'),
            ("* * * * * ?", "UTC+25:00", 'TimeZone "UTC+25:00" is not UTC+HH:MM'),
            ("* * * * * ?", "../../etc/passwd", "is not Region/City"),
            ("* * * * * ?", ODD, "is not Region/City"),
            ("* * * * * ?", "Z" * 9000, "is not Region/City"),
        ):
            self.assertFailed(self.ask(cron, zone), "ConfigurationError", text)

    def test_an_unknown_token_is_refused_CNT_06(self):
        for token in ("d-42", "opens-", "opens-never", ODD):
            ending = self.ask("* * * * * ?", continuationToken=token)
            self.assertFailed(ending, "ConfigurationError", "continuation token")


if __name__ == "__main__":
    unittest.main()
