//! The API over stores and drivers in memory, called without a socket; and the serving loop over real sockets.

#[cfg(test)]
mod app;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod events;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod history;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod openapi;
mod page;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod xcode;
#[cfg(test)]
mod xfer;
