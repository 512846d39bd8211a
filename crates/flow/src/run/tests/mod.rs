//! Flows on a small cloud: real statements, real SQL, everything noted in its order.

mod besides;
mod check;
mod foresee;
mod matrix;
mod reads;
mod rules;
mod secrets;
mod vpc;
mod world;
