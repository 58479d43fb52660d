"""What the cart has to know of what is sold: prices, titles, and what goes with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .packing import pack, unpack
from .tables import Item, Tables

RELATED_OF_ONE, RELATED_SHOWN = 4, 12


@dataclass(frozen=True)
class Product:
    sku: str
    cents: int
    title: str = ""
    related: tuple[str, ...] = ()


class Products:
    def __init__(self, tables: Tables, table: str) -> None:
        self._tables, self._table = tables, table

    def read(self, skus: Iterable[str], consistent: bool = False) -> dict[str, Product]:
        """Those of the items that are sold."""
        keys = [{"sku": {"S": sku}} for sku in sorted(set(skus))]
        found = self._tables.get(self._table, keys, consistent) if keys else []
        return {product.sku: product for product in map(_read, found)}

    def related(self, products: Mapping[str, Product]) -> list[Product]:
        """What goes with some products and is not among them, read at once for who will look at it next."""
        wanted = dict.fromkeys(
            sku
            for product in products.values()
            for sku in product.related[:RELATED_OF_ONE]
            if sku not in products
        )
        return list(self.read(list(wanted)[:RELATED_SHOWN]).values())

    def write(self, products: Iterable[Product]) -> None:
        self._tables.write(self._table, (_item(product) for product in products))


def _item(product: Product) -> Item:
    return {
        "sku": {"S": product.sku},
        "cents": {"N": str(product.cents)},
        "body": pack({"title": product.title, "related": product.related}),
    }


def _read(item: Item) -> Product:
    body = unpack(item["body"])
    return Product(item["sku"]["S"], int(item["cents"]["N"]), body["title"], tuple(body["related"]))
