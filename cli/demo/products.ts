import type { Random } from './random.ts';

export type Product = {
  readonly id: string;
  readonly name: string;
  readonly sku: string;
  readonly category: string;
  /** Whole euros and cents, exact as a decimal: sums are compared in cents. */
  readonly price: number;
};

const RANGE: readonly (readonly [category: string, names: readonly string[], cents: number])[] = [
  ['Shoes', ['Ridge Runner', 'Fell Walker', 'Scree Boot', 'Brook Sandal'], 8995],
  ['Packs', ['Day Pack 18', 'Tour Pack 45', 'Hip Pouch'], 6450],
  ['Tents', ['Solo Tarp', 'Duo Dome', 'Family Tunnel'], 24900],
  ['Cooking', ['Gas Stove', 'Titanium Mug', 'Spork'], 1999],
  ['Clothing', ['Merino Tee', 'Wind Shell', 'Down Vest', 'Rain Cape', 'Wool Socks'], 4925],
];

export const PRODUCTS: readonly Product[] = RANGE.flatMap(([category, names, cents], shelf) =>
  names.map((name, place) => ({
    id: `p-${shelf + 1}${place + 1}`,
    name,
    sku: `${category.slice(0, 2).toUpperCase()}-${100 + place * 7}`,
    category,
    price: (cents + place * 1250) / 100,
  })),
);

export function aProduct(random: Random): Product {
  // Squaring makes the first shelves sell best.
  return PRODUCTS[Math.floor(random.float() ** 2 * PRODUCTS.length)]!;
}
