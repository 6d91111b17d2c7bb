"""Row contracts as pandera schemas, built from the canon; rules across rows and feeds are the domain's."""

from checks.contracts.pandera_contract import PanderaContract, contract_for
from checks.contracts.people import contracts_of_people

__all__ = ["PanderaContract", "contract_for", "contracts_of_people"]
