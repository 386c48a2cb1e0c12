//! The category ids of the Polyvore sets (Han et al. 2017, arXiv:1707.05691: `category_id.txt`).

use crate::Category as C;
use crate::Category;

const DRESSES: &[Category] = &[C::Dress, C::EveningDress];
const SKIRTS: &[Category] = &[C::Skirt, C::MiniSkirt];
const TOPS: &[Category] = &[
    C::Blouse,
    C::TShirt,
    C::LongSleeveTop,
    C::Shirt,
    C::Sweater,
    C::TankTop,
    C::Cardigan,
    C::Polo,
    C::Sweatshirt,
    C::Hoodie,
    C::Bodysuit,
];
const COATS: &[Category] = &[C::Coat, C::TrenchCoat];
const JACKETS: &[Category] = &[C::Jacket, C::LeatherJacket, C::DenimJacket, C::PufferJacket];
const BLAZERS: &[Category] = &[C::Blazer, C::SuitJacket];
const OUTERWEAR: &[Category] = &[
    C::Jacket,
    C::Coat,
    C::Blazer,
    C::LeatherJacket,
    C::DenimJacket,
    C::TrenchCoat,
    C::PufferJacket,
    C::SuitJacket,
    C::Vest,
];
const PANTS: &[Category] = &[C::Trousers, C::Leggings, C::Chinos, C::Joggers];
const ACTIVE_PANTS: &[Category] = &[C::Leggings, C::Joggers];
const BOOTS: &[Category] = &[C::Boots, C::AnkleBoots];
const SHOES: &[Category] = &[
    C::Heels,
    C::Sneakers,
    C::Flats,
    C::AnkleBoots,
    C::Sandals,
    C::Boots,
    C::DressShoes,
    C::Loafers,
];

/// Category ids that mean clothes worn in an outfit: id, Polyvore's name, the categories covered, most usual first.
///
/// Coarse ids (`Tops`, `Outerwear`, `Pants`, `Shoes`) lie over finer ones.
pub const POLYVORE: &[(u32, &str, &[Category])] = &[
    (3, "Dresses", DRESSES),
    (4, "Day Dresses", &[C::Dress]),
    (5, "Cocktail Dresses", &[C::EveningDress]),
    (6, "Gowns", &[C::EveningDress]),
    (7, "Skirts", SKIRTS),
    (8, "Mini Skirts", &[C::MiniSkirt]),
    (9, "Knee Length Skirts", &[C::Skirt]),
    (10, "Long Skirts", &[C::Skirt]),
    (11, "Tops", TOPS),
    (15, "Tunics", &[C::Blouse]),
    (17, "Blouses", &[C::Blouse]),
    (18, "Cardigans", &[C::Cardigan]),
    (19, "Sweaters", &[C::Sweater]),
    (21, "T-Shirts", &[C::TShirt]),
    (23, "Outerwear", OUTERWEAR),
    (24, "Coats", COATS),
    (25, "Jackets", JACKETS),
    (26, "Vests", &[C::Vest]),
    (27, "Jeans", &[C::Jeans]),
    (28, "Pants", PANTS),
    (29, "Shorts", &[C::Shorts]),
    (35, "Bags", &[C::Bag]),
    (36, "Tote Bags", &[C::Bag]),
    (37, "Shoulder Bags", &[C::Bag]),
    (38, "Clutches", &[C::Bag]),
    (41, "Shoes", SHOES),
    (42, "Boots", BOOTS),
    (43, "Pumps", &[C::Heels]),
    (46, "Sandals", &[C::Sandals]),
    (47, "Flats", &[C::Flats]),
    (48, "Flip Flops", &[C::Sandals]),
    (49, "Sneakers", &[C::Sneakers]),
    (52, "Belts", &[C::Belt]),
    (55, "Hats", &[C::Hat]),
    (56, "Ties", &[C::Tie]),
    (57, "Sunglasses", &[C::Sunglasses]),
    (61, "Watches", &[C::Watch]),
    (104, "Tank Tops", &[C::TankTop]),
    (105, "Scarves", &[C::Scarf]),
    (236, "Blazers", BLAZERS),
    (237, "Skinny Jeans", &[C::Jeans]),
    (238, "Bootcut Jeans", &[C::Jeans]),
    (239, "Wide Leg Jeans", &[C::Jeans]),
    (240, "Boyfriend Jeans", &[C::Jeans]),
    (241, "Leggings", &[C::Leggings]),
    (243, "Jumpsuits", &[C::Jumpsuit]),
    (244, "Rompers", &[C::Romper]),
    (247, "Camisoles", &[C::TankTop]),
    (252, "Activewear Tops", TOPS),
    (253, "Activewear Pants", ACTIVE_PANTS),
    (254, "Activewear Skirts", SKIRTS),
    (255, "Activewear Shorts", &[C::Shorts]),
    (256, "Activewear Jackets", JACKETS),
    (258, "Messenger Bags", &[C::Bag]),
    (259, "Backpacks", &[C::Bag]),
    (260, "Briefcases", &[C::Bag]),
    (261, "Ankle Booties", &[C::AnkleBoots]),
    (262, "Mid Calf Boots", &[C::Boots]),
    (263, "Knee High Boots", &[C::Boots]),
    (264, "Over-The-Knee Boots", &[C::Boots]),
    (265, "Loafers & Moccasins", &[C::Loafers]),
    (266, "Oxfords", &[C::DressShoes]),
    (268, "Athletic Shoes", &[C::Sneakers]),
    (272, "Men's Shirts", &[C::Shirt]),
    (273, "Men's Sweaters", &[C::Sweater]),
    (275, "Men's T-Shirts", &[C::TShirt]),
    (276, "Men's Outerwear", OUTERWEAR),
    (277, "Men's Sportcoats & Blazers", BLAZERS),
    (278, "Men's Jeans", &[C::Jeans]),
    (279, "Men's Pants", PANTS),
    (280, "Men's Shorts", &[C::Shorts]),
    (286, "Men's Activewear Tops", TOPS),
    (287, "Men's Activewear Pants", &[C::Joggers]),
    (288, "Men's Activewear Shorts", &[C::Shorts]),
    (289, "Men's Activewear Jackets", JACKETS),
    (291, "Men's Shoes", SHOES),
    (292, "Men's Boots", BOOTS),
    (293, "Men's Sandals", &[C::Sandals]),
    (294, "Men's Flip Flops", &[C::Sandals]),
    (295, "Men's Loafers & Moccasins", &[C::Loafers]),
    (296, "Men's Dress Shoes", &[C::DressShoes]),
    (297, "Men's Sneakers", &[C::Sneakers]),
    (298, "Men's Athletic Shoes", &[C::Sneakers]),
    (300, "Men's Belts", &[C::Belt]),
    (302, "Men's Scarves", &[C::Scarf]),
    (303, "Men's Hats", &[C::Hat]),
    (304, "Men's Sunglasses", &[C::Sunglasses]),
    (305, "Men's Watches", &[C::Watch]),
    (309, "Activewear Tank Tops", &[C::TankTop]),
    (310, "Straight Leg Jeans", &[C::Jeans]),
    (318, "Handbags", &[C::Bag]),
    (332, "Capri & Cropped Pants", &[C::Trousers]),
    (341, "Men's Dress Shirts", &[C::Shirt]),
    (342, "Men's Polos", &[C::Polo]),
    (343, "Men's Tank Tops", &[C::TankTop]),
    (4452, "Flared Jeans", &[C::Jeans]),
    (4454, "Men's Casual Shirts", &[C::Shirt]),
    (4455, "Men's Coats", COATS),
    (4456, "Men's Jackets", JACKETS),
    (4457, "Men's Vests", &[C::Vest]),
    (4458, "Men's Casual Pants", &[C::Chinos]),
    (4459, "Men's Dress Pants", &[C::Trousers]),
    (4461, "Men's Bags", &[C::Bag]),
    (4462, "Men's Briefcases", &[C::Bag]),
    (4464, "Men's Oxfords", &[C::DressShoes]),
    (4470, "Bow Ties", &[C::Tie]),
    (4495, "Sweatshirts", &[C::Sweatshirt]),
    (4496, "Hoodies", &[C::Hoodie]),
    (4497, "Men's Sweatshirts", &[C::Sweatshirt]),
    (4498, "Men's Hoodies", &[C::Hoodie]),
    (4520, "Men's Backpacks", &[C::Bag]),
    (4521, "Men's Messenger Bags", &[C::Bag]),
    (4522, "Men's Work Boots", &[C::Boots]),
];

/// The remaining ids: swimwear, underwear, nightwear, hosiery, jewellery, wallets, gloves, suits and other sets, slippers and
/// clogs, ids that span slots (`Clothing`, `Activewear`, `Accessories`), beauty and the home.
pub const POLYVORE_UNMAPPED: &[u32] = &[
    2, 30, 31, 33, 39, 40, 50, 51, 53, 58, 59, 60, 62, 64, 65, 67, 68, 69, 71, 74, 75, 76, 77, 78,
    85, 93, 94, 95, 96, 97, 98, 99, 101, 102, 106, 107, 108, 110, 113, 115, 116, 118, 120, 122,
    123, 124, 126, 127, 129, 130, 132, 135, 136, 139, 140, 141, 143, 144, 146, 147, 148, 150, 151,
    152, 153, 154, 155, 157, 159, 160, 161, 162, 163, 164, 166, 167, 168, 169, 170, 171, 172, 173,
    174, 175, 176, 177, 178, 179, 180, 181, 182, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193,
    194, 195, 196, 197, 198, 199, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 211, 213, 214,
    216, 217, 218, 219, 220, 221, 222, 223, 224, 225, 226, 227, 228, 229, 231, 245, 246, 248, 249,
    250, 251, 257, 267, 270, 271, 281, 282, 283, 284, 285, 290, 299, 301, 306, 307, 308, 311, 313,
    314, 315, 316, 317, 319, 320, 321, 333, 334, 335, 336, 337, 338, 339, 340, 949, 1605, 1606,
    1607, 1967, 3336, 4240, 4241, 4242, 4244, 4246, 4247, 4248, 4254, 4257, 4258, 4267, 4269, 4276,
    4292, 4426, 4428, 4429, 4430, 4431, 4432, 4433, 4434, 4435, 4436, 4437, 4438, 4439, 4440, 4441,
    4442, 4443, 4445, 4446, 4447, 4448, 4449, 4450, 4451, 4460, 4463, 4465, 4466, 4467, 4468, 4472,
    4473, 4474, 4475, 4476, 4477, 4478, 4479, 4480, 4481, 4482, 4483, 4484, 4485, 4486, 4487, 4488,
    4489, 4490, 4492, 4493, 4499, 4500, 4501, 4502, 4503, 4504, 4505, 4506, 4507, 4508, 4509, 4510,
    4511, 4512, 4513, 4514, 4516, 4517, 4518, 4523, 4524, 4525, 4526,
];

/// The categories a Polyvore category id covers, most usual first; `None` where it is unmapped or unknown.
pub fn polyvore_categories(category_id: u32) -> Option<&'static [Category]> {
    POLYVORE
        .iter()
        .find(|(id, _, _)| *id == category_id)
        .map(|(_, _, categories)| *categories)
}
