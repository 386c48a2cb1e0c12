use candle_core::Device;

/// Tests whose one body runs on every device: `cpu`, and `cuda`, which shows as *ignored*, not as passed, unless the
/// feature `cuda` is on. Each name becomes a module of two tests.
///
/// ```
/// wardrobe_testkit::on_every_device! {
///     /// A sum is a sum everywhere.
///     fn two_and_two(device: &Device) {
///         let two = candle_core::Tensor::new(2f32, device).unwrap();
///         assert_eq!((&two + &two).unwrap().to_scalar::<f32>().unwrap(), 4.0);
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! on_every_device {
    ($($(#[$attribute:meta])* fn $name:ident($device:ident: &Device) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "a body need not use what the file imports")]
            use super::*;

            fn body($device: &$crate::Device) $body

            #[test]
            fn cpu() {
                body(&$crate::Device::Cpu);
            }

            $crate::cuda_test! {
                fn cuda() {
                    body(&$crate::cuda_device());
                }
            }
        }
    )*};
}

/// A test that takes a GPU.
#[cfg(feature = "cuda")]
#[doc(hidden)]
#[macro_export]
macro_rules! cuda_test {
    ($test:item) => {
        #[test]
        $test
    };
}

/// A test that takes a GPU.
#[cfg(not(feature = "cuda"))]
#[doc(hidden)]
#[macro_export]
macro_rules! cuda_test {
    ($test:item) => {
        #[test]
        #[ignore = "built without the feature cuda of wardrobe-testkit"]
        $test
    };
}

/// The first GPU.
///
/// # Panics
/// Where there is none: a test asked for it, and must not pass without.
pub fn cuda_device() -> Device {
    match Device::new_cuda(0) {
        Ok(device) => device,
        Err(error) => panic!("no GPU to test on: {error}"),
    }
}
