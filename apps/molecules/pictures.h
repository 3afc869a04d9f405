#pragma once

#include "apps/molecules/simulator.h"
#include "apps/support/image.h"

#include <map>
#include <string>

namespace sylvite::apps {

/// What a simulation was at several moments, the first one at its start.
struct Film {
    std::vector<Motions> moments;
    std::vector<Motions> shown;                            ///< in the animated picture
    std::vector<double> times;                             ///< in tau
    std::vector<double> potential_energy, kinetic_energy;  ///< an atom, in epsilon
};

/// The results as files, name to contents: a strip of pictures of the atoms, slow ones blue and fast ones red, an animated one, and curves
/// of the temperature and of the total energy; as NumPy arrays the places at all moments (moments, 3, atoms) and the
/// energies (2, moments).
std::map<std::string, std::string> film_files(const World &world, const Film &film);

/// Pictures of what a fit began with and found, and its losses.
std::map<std::string, std::string> fit_files(const World &world, const Motions &start, const Coordinates &seen,
                                             const std::vector<double> &losses);

/// A picture of a cluster and its places (3, atoms).
std::map<std::string, std::string> cluster_files(const Coordinates &place);

}  // namespace sylvite::apps
