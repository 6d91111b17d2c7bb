"""The cohort as research design: workforce, matching, balance, what it can show; KPIs and the lock are elsewhere."""
