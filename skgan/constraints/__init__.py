"""Rules for the rows of a table, enforced on samples: one file each.

>>> from skgan.constraints import LessThan
>>> LessThan("start", "end")
LessThan(high='end', low='start')
"""

from skgan.constraints.fixed_combinations import FixedCombinations
from skgan.constraints.less_than import LessThan
from skgan.constraints.unique import Unique
from skgan.constraints.within import Within

__all__ = ["FixedCombinations", "LessThan", "Unique", "Within"]
