"""Made-up people's names for the synthetic company, so that identifier scans have something to find; nothing else."""

from __future__ import annotations

# fmt: off
FIRST_NAMES = (
    "Agathe", "Aline", "Anouk", "Astrid", "Beatriz", "Benedikt", "Birgit", "Bruno",
    "Camila", "Cedric", "Clara", "Cosima", "Dagny", "Dario", "Delphine", "Edgar", "Elif", "Emre", "Enzo", "Esther",
    "Fabian", "Farida", "Felicia", "Florian", "Gesine", "Giulia", "Gregor", "Hanne", "Hendrik", "Ilka", "Imre",
    "Ines", "Ivo", "Jannis", "Jasmin", "Joanna", "Jonas", "Kaspar", "Katrin", "Kenji", "Laila", "Lasse", "Leonie",
    "Levin", "Luisa", "Magnus", "Malin", "Marek", "Mehmet", "Mirjam", "Nadia", "Nils", "Noemi", "Ottilie", "Pascal",
    "Petra", "Quentin", "Rania", "Rasmus", "Rosalie", "Samir", "Selma", "Silvan", "Sven", "Tabea", "Tamara",
    "Thilo", "Ulrike", "Valentin", "Vera", "Wanda", "Willem", "Xenia", "Yannick", "Yusuf", "Zoe",
)

LAST_NAMES = (
    "Abeln", "Adomeit", "Albrecht", "Anders", "Arslan", "Aydin", "Bachmann", "Baran", "Behrendt", "Bergmann",
    "Bielski", "Brandt", "Carstens", "Castillo", "Cihan", "Conrad", "Dahlke", "Demir", "Diallo", "Dorn", "Ebeling",
    "Eriksen", "Falk", "Fiedler", "Fontana", "Gebhardt", "Gorski", "Haas", "Hagedorn", "Hartwig", "Ibsen", "Iwanow",
    "Jansen", "Jovanovic", "Kaminski", "Keller", "Kowal", "Kruse", "Lambert", "Lindqvist", "Lorenz", "Maurer",
    "Mensah", "Moreau", "Nakamura", "Novak", "Okafor", "Olsen", "Ostrowski", "Pavlov", "Petersen", "Quast",
    "Ramirez", "Reinhardt", "Rossi", "Sander", "Schreiber", "Seidel", "Sokolov", "Tanaka", "Thielen", "Toth",
    "Uhlig", "Vasquez", "Vogt", "Wagenaar", "Wiegand", "Winkler", "Yilmaz", "Zander", "Zeller",
)
# fmt: on
