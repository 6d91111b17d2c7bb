"""The KPIs: estimators, weekly intervals, interim boundaries, close-out results; the verdict is not here."""
