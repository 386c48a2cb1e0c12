//! What people say beside the vocabulary's own names. A table a facet: what is meant, and the phrases for it. Plurals in s, es and
//! ies need no entry, nor do other ways to put spaces and hyphens.

use wardrobe_types::{Category, ColorName, Fit, FormalityBand, Pattern, Season, Slot, Style};

use Category as C;
use ColorName as N;

/// Words that mean nothing here by themselves.
#[rustfmt::skip]
pub(super) const NOISE: &str = "a, an, the, in, for, with, of, to, on, at, by, my, me, i, it, its, is, are, be, that, which, this, these, those, \
    some, something, any, anything, every, everything, all, find, show, give, get, want, need, look, looking, search, have, has, do, got, \
    can, could, would, should, will, wear, wearing, worn, wearable, clothes, clothing, cloth, garment, item, piece, thing, stuff, one, ones, \
    pair, kind, sort, type, colour, coloured, color, colored, pattern, patterned, fit, fitting, cut, style, styled, season, weather, \
    day, days, time, very, really, too, quite, rather, so, also, just, only, most, more, and, but, nothing but, please, nice, good, best, great, \
    favourite, favorite, sleeve, sleeved";

/// What joins two things of which either will do.
pub(super) const EITHER: &str = "or, either";

/// What turns the next thing around.
pub(super) const NEGATION: &str = "not, no, non, nor, neither, never, without, except, except for, excluding, minus, isn't, aren't, don't, doesn't, \
    but not, anything but, everything but, all but, other than, rather than, instead of, free of";

/// What people call categories; a word that is here does not mean the category of its name alone.
#[rustfmt::skip]
pub(super) const KINDS: &[(&[Category], &str)] = &[
    (&[C::TShirt], "tee, tee shirt"),
    (&[C::Shirt], "shirt, dress shirt, button-down, button-down shirt, button-up, button-up shirt, oxford shirt"),
    (&[C::Shirt, C::LongSleeveTop], "long sleeve shirt, long-sleeved shirt"),
    (&[C::Blouse], "tunic"),
    (&[C::Polo], "polo shirt"),
    (&[C::TankTop], "tank, vest top, camisole, cami, singlet, sleeveless top, undershirt, innerwear vest"),
    (&[C::TankTop, C::TShirt, C::Blouse], "crop top, cropped top"),
    (&[C::LongSleeveTop], "long sleeve, long-sleeved, long-sleeved top, longsleeve, long sleeve t-shirt, long-sleeved t-shirt, long sleeve tee"),
    (&[C::Sweater], "jumper, pullover, knit, turtleneck, roll neck, polo neck"),
    (&[C::Sweater, C::Cardigan], "knitwear"),
    (&[C::Cardigan], "cardie"),
    (&[C::Hoodie], "hoody, hooded sweatshirt, hooded top"),
    (&[C::Bodysuit], "body"),
    (&[C::Jeans], "jean, denims, denim trousers, denim pants"),
    (&[C::Trousers, C::Chinos], "trousers, trouser, slacks, suit trousers, suit pants, dress pants, capri, cargo pants, cargo trousers, cargos"),
    (&[C::Trousers, C::Chinos, C::Jeans, C::Joggers, C::Leggings], "pants"),
    (&[C::Chinos], "chino, khakis"),
    (&[C::Joggers], "jogger, track pants, tracksuit bottoms, sweatpants, sweat pants, jogging bottoms, jogging pants, lounge pants"),
    (&[C::Leggings], "legging, tights, jeggings, yoga pants"),
    (&[C::Shorts], "bermudas, bermuda shorts, lounge shorts"),
    (&[C::Skirt, C::MiniSkirt], "skirt"),
    (&[C::MiniSkirt], "mini, short skirt"),
    (&[C::Dress, C::EveningDress], "dress, frock, sundress, maxi dress, midi dress, mini dress, shirt dress"),
    (&[C::EveningDress], "gown, evening gown, ball gown, cocktail dress, prom dress"),
    (&[C::Jumpsuit], "overalls, dungarees, boiler suit"),
    (&[C::Romper], "playsuit"),
    (&[C::Dress, C::EveningDress, C::Jumpsuit, C::Romper], "one-piece"),
    (&[C::Jacket, C::DenimJacket, C::LeatherJacket, C::PufferJacket], "jacket"),
    (&[C::Jacket], "bomber, bomber jacket, windbreaker, anorak, rain jacket, fleece jacket, track jacket"),
    (&[C::Blazer, C::SuitJacket], "blazer, sport coat, sports jacket"),
    (&[C::SuitJacket], "suit, tuxedo, dinner jacket"),
    (&[C::DenimJacket], "jean jacket, jeans jacket, trucker jacket"),
    (&[C::LeatherJacket], "biker jacket, moto jacket"),
    (&[C::PufferJacket], "puffer, puffer coat, down jacket, down coat, padded jacket, quilted jacket"),
    (&[C::Coat, C::TrenchCoat], "coat"),
    (&[C::Coat], "overcoat, peacoat, topcoat, winter coat"),
    (&[C::Coat, C::PufferJacket], "parka"),
    (&[C::TrenchCoat], "trench, mac, mackintosh"),
    (&[C::TrenchCoat, C::Jacket, C::Coat], "raincoat"),
    (&[C::Vest], "waistcoat, gilet, body warmer"),
    (&[C::Sneakers], "sneaker, trainers, trainer, running shoes, sports shoes, sport shoes, gym shoes, tennis shoes, athletic shoes, canvas shoes, plimsolls"),
    (&[C::Sneakers, C::Loafers, C::Boots, C::AnkleBoots], "casual shoes"),
    (&[C::Boots, C::AnkleBoots], "boots, boot"),
    (&[C::AnkleBoots], "ankle boot, chelsea boots, chelseas, desert boots, booties"),
    (&[C::DressShoes], "dress shoe, formal shoes, formal shoe, oxfords, oxford shoes, brogues, derbies, derby shoes, lace-ups, smart shoes"),
    (&[C::Loafers], "loafer, moccasins, slip-ons, boat shoes, driving shoes"),
    (&[C::Heels], "heel, high heels, pumps, stilettos, wedges, court shoes, heeled shoes"),
    (&[C::Flats], "flat shoes, ballet flats, ballerinas, ballet pumps, mary janes"),
    (&[C::Sandals], "sandal, flip flops, flip flop, slides, slippers, mules, espadrilles, sports sandals"),
    (&[C::Tie], "necktie, bow tie"),
    (&[C::Scarf], "scarves, shawl, muffler, stole, pashmina, bandana"),
    (&[C::Hat], "cap, beanie, baseball cap, fedora, beret, bonnet, sun hat, top hat"),
    (&[C::Bag], "handbag, purse, backpack, rucksack, clutch, tote, tote bag, satchel, messenger bag, shoulder bag, duffel bag, laptop bag, waist pouch"),
    (&[C::Sunglasses], "shades, sun glasses"),
    (&[C::Watch], "wristwatch"),
];

/// Words for all that is worn in one place, and for nothing else: a dress is no top.
pub(super) const SLOTS: &[(Slot, &str)] = &[
    (Slot::Top, "top"),
    (Slot::Bottom, "bottom"),
    (Slot::Outerwear, "outerwear"),
    (Slot::Shoes, "shoes, shoe, footwear"),
    (Slot::Accessory, "accessory"),
];

/// What people call colours.
#[rustfmt::skip]
pub(super) const COLORS: &[(&[ColorName], &str)] = &[
    (&[N::Charcoal], "dark grey, dark gray, anthracite"),
    (&[N::Grey], "grey melange, heather grey"),
    (&[N::Silver], "light grey, light gray, pale grey"),
    (&[N::Silver, N::Grey], "steel"),
    (&[N::OffWhite], "ivory"),
    (&[N::Cream], "ecru, vanilla"),
    (&[N::Beige, N::Tan, N::Blush], "nude, skin"),
    (&[N::Beige], "sand, oatmeal, stone"),
    (&[N::Camel, N::Tan], "light brown, caramel, cognac"),
    (&[N::Khaki, N::Brown], "taupe"),
    (&[N::Brown, N::Camel], "mushroom brown, copper, bronze"),
    (&[N::Chocolate], "dark brown, coffee, coffee brown, espresso"),
    (&[N::Navy], "navy blue, dark blue, midnight, midnight blue"),
    (&[N::Denim], "denim blue"),
    (&[N::RoyalBlue], "royal, cobalt, cobalt blue, electric blue, bright blue"),
    (&[N::LightBlue], "sky blue, baby blue, pale blue, powder blue"),
    (&[N::Teal], "petrol"),
    (&[N::Turquoise], "aqua, cyan, turquoise blue"),
    (&[N::Green], "lime, lime green, fluorescent green, neon green, bright green"),
    (&[N::Green, N::ForestGreen], "emerald"),
    (&[N::ForestGreen], "dark green, bottle green"),
    (&[N::Olive], "olive green, army green, military green"),
    (&[N::Mint], "mint green, light green, pale green"),
    (&[N::Mint, N::Green, N::Turquoise], "sea green"),
    (&[N::Yellow], "light yellow, pale yellow, bright yellow, lemon"),
    (&[N::Mustard], "dark yellow, ochre"),
    (&[N::Gold], "golden"),
    (&[N::Orange, N::Camel, N::Brown], "rust, terracotta, burnt orange"),
    (&[N::Coral], "salmon"),
    (&[N::Peach], "apricot, light orange"),
    (&[N::Red], "scarlet, crimson, bright red"),
    (&[N::Burgundy], "wine, wine red, bordeaux, oxblood"),
    (&[N::Burgundy, N::Maroon], "dark red"),
    (&[N::Blush], "light pink, pale pink, baby pink, dusty pink"),
    (&[N::Blush, N::Pink], "rose"),
    (&[N::HotPink], "fuchsia, magenta, bright pink, neon pink"),
    (&[N::Purple], "violet"),
    (&[N::Plum], "dark purple, aubergine, eggplant"),
    (&[N::Lavender], "lilac, light purple"),
    (&[N::Lavender, N::Purple], "mauve"),
    (
        &[N::Black, N::Charcoal, N::Navy, N::Chocolate, N::Burgundy, N::ForestGreen, N::Plum],
        "dark",
    ),
    (
        &[N::LightBlue, N::Mint, N::Peach, N::Blush, N::Lavender, N::Cream],
        "pastel, pale",
    ),
    (
        &[N::RoyalBlue, N::Turquoise, N::Green, N::Yellow, N::Orange, N::Coral, N::Red, N::HotPink],
        "bright, colourful, colorful, vivid",
    ),
    (
        &[
            N::Black, N::Charcoal, N::Grey, N::Silver, N::White, N::OffWhite, N::Cream, N::Beige, N::Navy, N::Denim,
        ],
        "neutral",
    ),
];

/// What people call patterns.
#[rustfmt::skip]
pub(super) const PATTERNS: &[(Pattern, &str)] = &[
    (Pattern::Solid, "plain, unpatterned"),
    (Pattern::Striped, "stripe, stripy, stripey, pinstripe, pinstriped"),
    (Pattern::Plaid, "check, checked, checkered, chequered, tartan, gingham"),
    (Pattern::Floral, "flower, flowery, flowered, floral print"),
    (Pattern::Graphic, "print, printed, logo, slogan, graphic print"),
    (Pattern::Dotted, "dot, dotty, polka dot, polka-dotted, spotted"),
    (Pattern::Animal, "animal print, leopard, leopard print, zebra, zebra print, snake print, tiger print"),
    (Pattern::Geometric, "argyle, geometric print, chevron, zigzag"),
    (Pattern::Colorblock, "colour block, color block, colour-blocked, color-blocked"),
];

/// What people call cuts.
#[rustfmt::skip]
pub(super) const FITS: &[(Fit, &str)] = &[
    (Fit::Slim, "skinny, fitted, tight, slim fit"),
    (Fit::Regular, "regular fit, straight, straight fit"),
    (Fit::Relaxed, "loose, relaxed fit, loose fit"),
    (Fit::Oversized, "baggy, oversize"),
];

/// What people say of seasons.
#[rustfmt::skip]
pub(super) const SEASONS: &[(Season, &str)] = &[
    (Season::Summer, "summery, summertime, hot weather, warm weather, hot days, beach"),
    (Season::Fall, "autumn, autumnal"),
    (Season::Winter, "wintry, cold weather, cold days, warm, cosy, cozy, snow"),
];

/// What people say of manners of dressing, and where they go.
#[rustfmt::skip]
pub(super) const STYLES: &[(Style, &str)] = &[
    (Style::Casual, "everyday, weekend, laid-back, leisure"),
    (Style::Formal, "elegant, dressy, fancy, black tie, wedding, gala, festive"),
    (Style::Streetwear, "street, urban"),
    (Style::Sporty, "sport, athletic, gym, workout, running, training, fitness, yoga"),
    (Style::Business, "office, work, professional, smart, interview, meeting"),
    (Style::Bohemian, "boho, hippie"),
    (Style::Minimalist, "minimal"),
    (Style::Vintage, "retro"),
    (Style::Party, "night out, clubbing, cocktail"),
];

/// What people say of formality beyond the styles.
pub(super) const FORMALITIES: &[(FormalityBand, &str)] = &[(
    FormalityBand::SmartCasual,
    "smart casual, business casual, semi-formal",
)];
