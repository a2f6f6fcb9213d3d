import type { Product } from './products.ts';
import type { Story, Who } from './story.ts';
import type { Visit } from './visit.ts';

const HOUR_MS = 3_600_000;

/** Buys the basket: the shop's server reports the order, and what comes of it in the days after. */
export function checkOut(story: Story, visit: Visit, basket: readonly Product[], who: Who): void {
  const { random } = story;
  visit.page('/checkout', 'Checkout');
  visit.interact('Pay now');
  const at = visit.now + random.int(300, 2500);
  const cents = basket.reduce((sum, { price }) => sum + Math.round(price * 100), 0);
  const shipping = cents > 10_000 ? 0 : 495;
  const discount = random.chance(0.2) ? Math.floor(cents / 10) : 0;
  story.track(at, who, 'Completed Order', {
    revenue: (cents - discount) / 100,
    orderTotal: (cents - discount + shipping) / 100,
    orderItemCount: basket.length,
    orderShipping: shipping / 100,
    orderTax: Math.round((cents - discount) * 0.19) / 100,
    orderDiscount: discount / 100,
    'Promo Code Used': discount > 0 ? 'HILLS10' : 'none',
    'Payment Method': random.pick(['card', 'paypal', 'invoice']),
  });
  story.trackBulk(
    at + 5,
    basket.map((product) => ({
      who,
      event: 'Purchased Product',
      properties: {
        itemId: product.id,
        itemName: product.name,
        itemPrice: product.price,
        itemSku: product.sku,
        itemCategory: product.category,
      },
    })),
  );
  visit.page('/thanks', 'Thank you');
  if ('identity' in who) {
    story.userProperties(at + 900, who.identity, {
      'Last Purchase Date': new Date(at).toISOString(),
      LTV: cents / 100,
    });
  }
  afterwards(story, visit, basket[0]!, who);
}

function afterwards(story: Story, visit: Visit, product: Product, who: Who): void {
  const { random } = story;
  if (random.chance(0.2)) {
    visit.custom('Product Review Published', { Rating: random.int(1, 5), category: product.category });
  }
  if (random.chance(0.08)) {
    story.track(visit.now + random.int(20, 72) * HOUR_MS, who, 'Refund', {
      'Product ID': product.id,
      Category: product.category,
      'refund amount': product.price,
      'refund reason': random.pick(['too small', 'too large', 'changed my mind']),
    });
  }
}
