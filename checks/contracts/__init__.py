"""Row contracts of the feeds, built from the canon: what a row must hold to, and the sentence where it does not."""

from checks.contracts.choosing import LARGE, RowContract, contract_for
from checks.contracts.pandera_contract import PanderaContract
from checks.contracts.people import contracts_of_people

__all__ = ["LARGE", "PanderaContract", "RowContract", "contract_for", "contracts_of_people"]
